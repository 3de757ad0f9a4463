UPDATE pending SET note = 'seen' WHERE id = 3
