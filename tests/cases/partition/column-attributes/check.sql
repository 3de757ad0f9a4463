SELECT attname, nullif(attstattarget, -1), attstorage, attcompression, attoptions FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
