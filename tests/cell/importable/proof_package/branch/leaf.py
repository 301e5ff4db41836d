colour = "green"
