// Loaded into every program of the soak: it ends with the one that started it, even if that was killed.
process.once('disconnect', () => process.exit(1))
process.channel?.unref()
