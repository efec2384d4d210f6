// A program that uses nothing: what its link line holds has to stand on its own.
int main() { return 0; }
