"""What the product is measured against: the least that writes the same rows or shows the same page."""
