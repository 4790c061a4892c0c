"""The words of the field: skeleton, camera, candidates, labels, errors, progress."""
