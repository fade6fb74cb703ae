"""Stands in for the probe in tests of the controller: speaks its protocol, imports no TensorFlow."""
