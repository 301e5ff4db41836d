twig = "twig"
