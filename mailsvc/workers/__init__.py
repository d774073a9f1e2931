"""What every worker needs: a name of its own, and leases that are kept while work runs."""
