print("sofabench")
