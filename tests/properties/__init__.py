"""Claims that hold whatever comes, tried with what chance and other servers bring."""
