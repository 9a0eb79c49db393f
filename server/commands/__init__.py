"""What the subcommands of `zorgid` do; each is loaded when it is asked for."""
