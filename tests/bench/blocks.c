/* blocks: a tree of so many nodes of 32 bytes (1,000,000), made level by level, of which the root
 * is kept. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct node {
	struct node *left;
	struct node *right;
	uint64_t words[2];
};

static struct node *volatile root;

static struct node *make_node(void)
{
	struct node *node = calloc(1, sizeof(*node));

	if (!node) {
		perror("blocks: calloc");
		exit(1);
	}
	return node;
}

int main(int argc, char **argv)
{
	size_t n_nodes = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	struct node **nodes = calloc(n_nodes + 1, sizeof(struct node *));

	if (!nodes || !n_nodes)
		return 1;
	root = nodes[0] = make_node();
	for (size_t i = 1; i < n_nodes; i++) {
		struct node *parent = nodes[(i - 1) / 2];

		nodes[i] = make_node();
		if (i % 2)
			parent->left = nodes[i];
		else
			parent->right = nodes[i];
	}
	free(nodes);
	return 0;
}
