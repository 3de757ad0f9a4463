UPDATE orders_of_a_table_whose_name_is_as_long_as_a_name_can_ever_be_a SET a = a + 1 WHERE id % 67 = $n % 67
