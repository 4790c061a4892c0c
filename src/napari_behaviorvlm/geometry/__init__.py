"""Projection, undistortion, robust triangulation, reprojection error and epipolar lines."""
