"""Fitting networks and fusers, and what comes out: posteriors, bundles, dated results.

The modules are the doors of this room, because they need different extras: `engine`, `batches`,
`export` (train: torch), `fusers`, `classic`, `text_linear` (research: scikit-learn), `ship`,
`card`, `runs` (nothing beyond the base).
"""
