"""Hues that everybody can tell apart: Okabe and Ito's (2008), which stay apart for colour-blind."""

HUES = ("#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#3F8FD2")
"""Okabe and Ito's colours without black and yellow; their blue lightened, to be seen on black."""
