"""Pages of this package: merging, copies and erasure for staff, the customer's own page, retention."""
