UPDATE orders SET note = 'ruled' WHERE id = 5
