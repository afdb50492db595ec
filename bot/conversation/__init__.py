"""What people ask for and decide: accepted, admitted, voted on, cancelled, looked at."""
