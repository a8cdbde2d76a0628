"""Audit logs → denials with their evidence; text becomes values here, and no policy is asked."""
