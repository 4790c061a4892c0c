"""Generator of the six-view mouse: a synthetic session with known truth.

Run ``python -m sample_data.generator --help`` from the repository root. Needs numba beside the
package's own dependencies; users of the package never run it.

Frames of reference
-------------------
World: millimetres, z up, the arena's floor is z = 0 and its centre the origin.
Animal: x forward, y to its left, z to its back.
Pixels: x right, y down, the centre of the top-left pixel is (0, 0).
"""
