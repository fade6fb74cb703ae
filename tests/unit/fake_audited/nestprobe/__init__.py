"""Stands in for the probe in tests of an audit: answers as a test wrote down, imports no TensorFlow."""
