"""Ground floor: small tools that know nothing of any app. At most eight modules."""
