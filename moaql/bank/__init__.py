"""The bank: every response that was paid for is kept, and found again under what was asked."""
