"""The API that programs call, and the pages about it."""
