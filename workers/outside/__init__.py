"""Whatever answers from outside: limits of an exchange, HTTP, foreign text and refusals."""
