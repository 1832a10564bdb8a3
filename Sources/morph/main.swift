// replaced by the command
