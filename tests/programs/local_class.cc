// A class in a function: its constructor's name, which comes without arguments, has the class
// before it.
__attribute__((noinline)) int host(int count)
{
	struct Local {
		int number;
		__attribute__((noinline)) explicit Local(int n) : number(n * 7)
		{
		}
	};

	return Local(count).number;
}

int main(int argc, char **)
{
	return host(argc) == 0;
}
