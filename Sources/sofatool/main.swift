print("sofatool")
