"""Clusters of moments: deep embedded clustering and its alternatives behind one interface."""
