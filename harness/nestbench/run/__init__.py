"""Stacks x cases -> observations: several stacks at once, resumable; one failure costs no other's."""
