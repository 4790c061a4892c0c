"""What keys, buttons and clicks do, without knowing of keys, buttons and clicks."""
