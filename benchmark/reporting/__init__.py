"""From records to boards and figures. Nothing here needs torch, a task or a model: records say all there is."""
