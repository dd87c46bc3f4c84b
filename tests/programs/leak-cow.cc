// std::string as it was before C++11, whose pointer is to its first character: a length, a capacity
// and a count are before it.
#define _GLIBCXX_USE_CXX11_ABI 0
#include "tests/programs/leak.h"

#include <string>

namespace
{

// Never destroyed.
std::string *volatile text;
const char *volatile inside;

void nothing()
{
	delete new std::string(30, 'x');
}

std::string *make(size_t length)
{
	std::string *made = new std::string(length, 'x');

	__asm__ volatile("" : "+r"(made)::"memory"); // or it may be left out
	return made;
}

// 24 bytes, the characters and a zero.
void held()
{
	text = make(40);
}

void lost()
{
	make(40);
}

void pointer_inside()
{
	inside = make(40)->data() + 10;
}

const struct leak_case cases[] = {
    LEAKS("nothing", nothing, "?"),
    {"held", held, "reachable 73/2", "stdstring", "possible 65/1 reachable 8/1", "nothing"},
    LEAKS_BESIDE("nothing", "lost", lost, "definite 8/1 indirect 65/1"),
    LEAKS_BESIDE("nothing", "pointer-inside", pointer_inside, "definite 8/1 possible 65/1"),
};

} // namespace

int main(int argc, char **argv)
{
	return leak_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
