"""Stands in for the probe in tests of an audit: answers with what a test wrote down, imports no TensorFlow."""
