SELECT stxname, stxkind, stxkeys, stxstattarget FROM pg_statistic_ext WHERE stxname = 'orders_stx'
