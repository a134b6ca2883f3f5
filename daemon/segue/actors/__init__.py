"""One task each, owning one outside thing: effects in, actions out; they decide nothing but retries."""
