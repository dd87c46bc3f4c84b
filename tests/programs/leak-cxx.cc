// What C++ leaves behind, each case with its known answer: the table at the end. The answers are
// beside "nothing", which has what libstdc++ itself keeps.
#include "tests/programs/leak.h"

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

namespace
{

void *volatile held;

// Or the compiler leaves out what nothing comes of.
template <typename Thing> Thing *leave(Thing *thing)
{
	__asm__ volatile("" : "+r"(thing)::"memory");
	return thing;
}

void nothing()
{
	delete static_cast<int *>(zeroed(new int, sizeof(int)));
}

void lost()
{
	zeroed(new int, sizeof(int));
	zeroed(new char[100], 100);
}

// 8 bytes; a vector of them begins with their number.
struct Owner {
	Owner() : block(static_cast<char *>(take(20)))
	{
	}
	~Owner()
	{
		free(block);
	}
	char *block;
};

Owner *volatile owners;

void new_array()
{
	owners = new Owner[10];
}

void new_array_lost()
{
	new_array();
	owners = nullptr;
}

void new_array_inside()
{
	owners = new Owner[10] + 3;
}

// Without a destructor there is no number, and the pointer is to the start.
void new_array_plain()
{
	held = zeroed(new uint64_t[10], 80);
}

// The number is not what the size says.
void array_of_wrong_length()
{
	owners = new Owner[10];
	reinterpret_cast<uint64_t *>(owners)[-1] = 0x123456789abc;
}

struct Left {
	virtual ~Left()
	{
	}
	uint64_t left = 0;
};

struct Right {
	virtual ~Right()
	{
	}
	uint64_t right = 0;
};

// 48 bytes: Left, 16; Right, 16; and two words.
struct Both : Left, Right {
	void *more = nullptr;
	uint64_t word = 0;
};

Right *volatile right;
Left *volatile left;

void second_base()
{
	Both *both = new Both;

	both->more = take(30);
	right = leave(both);
}

void first_base()
{
	left = leave(new Both);
}

void second_base_lost()
{
	second_base();
	right = nullptr;
}

// Into the middle, where no class begins.
void inside_object()
{
	held = &leave(new Both)->more;
}

struct Virtual : virtual Left {
	uint64_t own = 0;
};

// 32 bytes: the base is behind.
void virtual_base()
{
	left = new Virtual;
}

std::string *make_string(size_t length)
{
	return leave(new std::string(length, 'x'));
}

// 32 bytes each; what is longer than 15 has a block of its own.
void strings()
{
	held = make_string(10);
	make_string(10);
	make_string(99);
}

std::string &global_string()
{
	static std::string *text = new std::string;
	return *text;
}

void string_held()
{
	global_string().assign(999, 'x');
}

std::vector<int *> *volatile vectors;

void vector_held()
{
	vectors = leave(new std::vector<int *>(10, nullptr));
	for (int *&each : *vectors)
		each = static_cast<int *>(take(4));
}

void vector_lost()
{
	vector_held();
	vectors = nullptr;
}

// Of 10 strings that have blocks of their own.
void vector_of_strings_lost()
{
	leave(new std::vector<std::string>(10, std::string(50, 'x')));
}

std::map<int, std::string> *volatile maps;

// A map is 48 bytes, a node 32 and what it holds, 40.
void map_held()
{
	maps = leave(new std::map<int, std::string>);
	for (int i = 0; i < 100; i++)
		(*maps)[i] = std::string(30, 'x');
}

void map_lost()
{
	map_held();
	maps = nullptr;
}

void list_lost()
{
	auto *list = leave(new std::list<uint64_t>);

	for (uint64_t i = 0; i < 10; i++)
		list->push_back(i);
}

void unordered_lost()
{
	auto *table = leave(new std::unordered_map<int, int>);

	table->rehash(97);
	for (int i = 0; i < 50; i++)
		(*table)[i] = i;
}

struct Peer {
	std::shared_ptr<Peer> other;
	uint64_t words[4] = {};
};

// Each is 16 bytes of counts and 48 of its own.
void shared_cycle()
{
	auto a = std::make_shared<Peer>(), b = std::make_shared<Peer>();

	a->other = b;
	b->other = a;
}

// The counts, 24 bytes, are a block of their own. The leader is the first that was made.
void shared_cycle_apart()
{
	std::shared_ptr<Peer> a(leave(new Peer)), b(leave(new Peer));

	a->other = b;
	b->other = a;
}

std::shared_ptr<Peer> *volatile shared;

void shared_held()
{
	shared = new std::shared_ptr<Peer>(std::make_shared<Peer>());
}

struct Link {
	std::unique_ptr<Link> next;
	uint64_t word = 0;
};

void unique_list_lost()
{
	Link *head = nullptr;

	for (int i = 0; i < 5; i++) {
		Link *link = leave(new Link);

		link->next.reset(head);
		head = link;
	}
}

void function_lost()
{
	uint64_t words[5] = {};

	leave(new std::function<uint64_t()>([words] { return words[2]; }));
}

// Caught and freed; what was being built has gone.
void exception_thrown()
{
	try {
		std::vector<Owner> some(3);
		throw std::runtime_error(std::string(100, 'x'));
	} catch (std::exception &) {
		take(11);
	}
}

struct alignas(64) Wide {
	uint64_t words[16];
};

void aligned_lost()
{
	zeroed(new Wide, sizeof(Wide));
	zeroed(new Wide[3], 3 * sizeof(Wide));
}

// "nothing" is beside the others, and itself beside nothing.
const struct leak_case cases[] = {
    LEAKS("nothing", nothing, "?"),
#define CXX(...) LEAKS_BESIDE("nothing", __VA_ARGS__)
#define CXX_BY(heuristic, name, make, answer, otherwise)                                           \
	{                                                                                          \
		name, make, answer, heuristic, otherwise, "nothing"                                \
	}
    CXX("lost", lost, "definite 104/2"),
    CXX_BY("newarray", "new-array", new_array, "reachable 288/11", "possible 288/11"),
    CXX("new-array-lost", new_array_lost, "definite 88/1 indirect 200/10"),
    CXX("new-array-inside", new_array_inside, "possible 288/11"),
    CXX("new-array-plain", new_array_plain, "reachable 80/1"),
    CXX("array-of-wrong-length", array_of_wrong_length, "possible 288/11"),
    CXX_BY("multipleinheritance", "second-base", second_base, "reachable 78/2", "possible 78/2"),
    CXX("first-base", first_base, "reachable 48/1"),
    CXX("second-base-lost", second_base_lost, "definite 48/1 indirect 30/1"),
    CXX("inside-object", inside_object, "possible 48/1"),
    CXX_BY("multipleinheritance", "virtual-base", virtual_base, "reachable 32/1", "possible 32/1"),
    CXX("strings", strings, "definite 64/2 indirect 100/1 reachable 32/1"),
    CXX("string-held", string_held, "reachable 1032/2"),
    CXX("vector-held", vector_held, "reachable 144/12"),
    CXX("vector-lost", vector_lost, "definite 24/1 indirect 120/11"),
    CXX("vector-of-strings-lost", vector_of_strings_lost, "definite 24/1 indirect 830/11"),
    CXX("map-held", map_held, "reachable 10348/201"),
    CXX("map-lost", map_lost, "definite 48/1 indirect 10300/200"),
    CXX("list-lost", list_lost, "definite 24/1 indirect 240/10"),
    CXX("unordered-lost", unordered_lost, "definite 56/1 indirect 1576/51"),
    CXX("shared-cycle", shared_cycle, "definite 64/1 indirect 64/1"),
    CXX("shared-cycle-apart", shared_cycle_apart, "definite 48/1 indirect 96/3"),
    CXX("shared-held", shared_held, "reachable 80/2"),
    CXX("unique-list-lost", unique_list_lost, "definite 16/1 indirect 64/4"),
    CXX("function-lost", function_lost, "definite 32/1 indirect 40/1"),
    CXX("exception-thrown", exception_thrown, "definite 11/1"),
    CXX("aligned-lost", aligned_lost, "definite 512/2"),
};

} // namespace

int main(int argc, char **argv)
{
	return leak_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
