"""What a container needs: the files that the program is made of."""
