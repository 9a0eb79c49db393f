"""`zorgid top`: what a process of this installation does now, on one page of a terminal."""
