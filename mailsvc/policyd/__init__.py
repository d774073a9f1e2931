"""The policy service: our verdicts for MTAs that do not relay through the gateway, or that filter after their queue."""
