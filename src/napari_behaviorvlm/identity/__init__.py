"""Which candidate is which keypoint: fusion, tracklets, anatomy, solver, flags, review."""
