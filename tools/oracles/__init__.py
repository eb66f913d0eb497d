"""Tables that judge the product, written from the papers' rules, one citation a row. They share no code with it."""
