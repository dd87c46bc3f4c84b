/* The stack trie: sharing, ids, and many nodes. */
#include "core/stack_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void equal_stacks_have_one_id(void **state)
{
	struct stack_table *table = stack_table_new();
	uint32_t root = stack_table_add(table, 0, 1, 100);
	uint32_t leaf = stack_table_add(table, root, 1, 200);

	(void)state;
	assert_int_equal(stack_table_add(table, 0, 1, 100), root);
	assert_int_equal(stack_table_add(table, root, 1, 200), leaf);
	assert_int_equal(stack_table_count(table), 2);
	stack_table_free(table);
}

static void parent_tag_and_key_each_tell_nodes_apart(void **state)
{
	struct stack_table *table = stack_table_new();
	uint32_t node = stack_table_add(table, 0, 1, 100);

	(void)state;
	assert_int_not_equal(stack_table_add(table, 0, 2, 100), node);
	assert_int_not_equal(stack_table_add(table, 0, 1, 101), node);
	assert_int_not_equal(stack_table_add(table, node, 1, 100), node);
	assert_int_equal(stack_table_count(table), 4);
	stack_table_free(table);
}

static void ids_are_dense_and_parents_come_first(void **state)
{
	enum { N_NODES = 50000 };
	struct stack_table *table = stack_table_new();

	(void)state;
	for (uint32_t i = 1; i <= N_NODES; i++)
		assert_int_equal(stack_table_add(table, i / 2, i % 7, i), i);
	assert_int_equal(stack_table_count(table), N_NODES);
	for (uint32_t i = 1; i <= N_NODES; i++) {
		const struct stack_node *node = stack_table_node(table, i);

		assert_int_equal(node->parent, i / 2);
		assert_int_equal(node->tag, i % 7);
		assert_int_equal(node->key, i);
		assert_true(node->parent < i);
		assert_int_equal(stack_table_add(table, i / 2, i % 7, i), i);
	}
	stack_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(equal_stacks_have_one_id),
	    cmocka_unit_test(parent_tag_and_key_each_tell_nodes_apart),
	    cmocka_unit_test(ids_are_dense_and_parents_come_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
