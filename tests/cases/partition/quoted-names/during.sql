UPDATE "Odd Schema"."Order ""Table""" SET "select" = 'w' WHERE "Id" % 67 = $n % 67
