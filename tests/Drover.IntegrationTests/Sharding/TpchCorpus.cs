// The 22 queries of TPC-H (https://www.tpc.org/tpch, 2.4) with their validation parameters, over a small shop.
namespace Drover.IntegrationTests.Sharding;

/// <summary>
/// Where the benchmark's own order leaves ties, columns are added that part them, so that there is one right answer.
/// </summary>
internal static class TpchCorpus
{
    public const string Schema = """
        CREATE TABLE region (r_regionkey bigint PRIMARY KEY, r_name text NOT NULL, r_comment text);
        CREATE TABLE nation (
            n_nationkey bigint PRIMARY KEY, n_name text NOT NULL, n_regionkey bigint NOT NULL, n_comment text);
        CREATE TABLE supplier (
            s_suppkey bigint PRIMARY KEY, s_name text, s_address text, s_nationkey bigint, s_phone text,
            s_acctbal numeric(15, 2), s_comment text);
        CREATE TABLE part (
            p_partkey bigint PRIMARY KEY, p_name text, p_mfgr text, p_brand text, p_type text, p_size int,
            p_container text, p_retailprice numeric(15, 2), p_comment text);
        CREATE TABLE partsupp (
            ps_partkey bigint, ps_suppkey bigint, ps_availqty int, ps_supplycost numeric(15, 2), ps_comment text,
            PRIMARY KEY (ps_partkey, ps_suppkey));
        CREATE TABLE customer (
            c_custkey bigint PRIMARY KEY, c_name text, c_address text, c_nationkey bigint, c_phone text,
            c_acctbal numeric(15, 2), c_mktsegment text, c_comment text);
        CREATE TABLE orders (
            o_orderkey bigint PRIMARY KEY, o_custkey bigint NOT NULL, o_orderstatus text, o_totalprice numeric(15, 2),
            o_orderdate date, o_orderpriority text, o_clerk text, o_shippriority int, o_comment text);
        CREATE TABLE lineitem (
            l_orderkey bigint, l_linenumber int, l_partkey bigint, l_suppkey bigint, l_quantity numeric(15, 2),
            l_extendedprice numeric(15, 2), l_discount numeric(15, 2), l_tax numeric(15, 2), l_returnflag text,
            l_linestatus text, l_shipdate date, l_commitdate date, l_receiptdate date, l_shipinstruct text,
            l_shipmode text, l_comment text, PRIMARY KEY (l_orderkey, l_linenumber))
        """;

    /// <summary>Tables in the order in which they are filled.</summary>
    public static IReadOnlyList<string> Tables { get; } =
    ["region", "nation", "supplier", "part", "partsupp", "customer", "orders", "lineitem"];

    /// <summary>Rows that make each query find something.</summary>
    public const string Fill = """
        INSERT INTO region SELECT i, (array['AFRICA', 'AMERICA', 'ASIA', 'EUROPE', 'MIDDLE EAST'])[i + 1]
            FROM generate_series(0, 4) i;
        INSERT INTO nation SELECT i, (array['ALGERIA', 'ARGENTINA', 'BRAZIL', 'CANADA', 'EGYPT', 'ETHIOPIA', 'FRANCE',
            'GERMANY', 'INDIA', 'INDONESIA', 'IRAN', 'IRAQ', 'JAPAN', 'JORDAN', 'KENYA', 'MOROCCO', 'MOZAMBIQUE',
            'PERU', 'CHINA', 'ROMANIA', 'SAUDI ARABIA', 'VIETNAM', 'RUSSIA', 'UNITED KINGDOM', 'UNITED STATES'])[i + 1],
            (array[0, 1, 1, 1, 4, 0, 3, 3, 2, 2, 4, 4, 2, 4, 0, 0, 0, 1, 2, 3, 4, 2, 3, 3, 1])[i + 1]
            FROM generate_series(0, 24) i;
        INSERT INTO supplier SELECT i, 'Supplier#' || i, 'street ' || i, (array[3, 7, 20, 6, 2])[i % 5 + 1],
            (10 + i % 25) || '-' || i, i * 13 - 40, CASE i WHEN 4 THEN 'Customer has Complaints' ELSE 'fine' END
            FROM generate_series(1, 20) i;
        INSERT INTO part SELECT i, (array['forest green', 'blue', 'green lace', 'red'])[i % 4 + 1] || ' ' || i,
            'Manufacturer#' || i % 5 + 1, 'Brand#' || (array[12, 23, 34, 45, 33])[i % 5 + 1],
            (array['LARGE BRUSHED BRASS', 'PROMO BURNISHED COPPER', 'ECONOMY ANODIZED STEEL', 'MEDIUM POLISHED TIN'])
                [i % 4 + 1],
            (array[15, 49, 14, 23, 45, 3, 5, 9, 10])[i % 9 + 1],
                (array['SM CASE', 'MED BOX', 'LG BOX', 'MED BAG'])[i % 4 + 1],
            900 + i, 'part ' || i FROM generate_series(1, 60) i;
        INSERT INTO partsupp SELECT p, (p + s * 3) % 20 + 1, (p * 37 + s) % 500 + 300, (p * s) % 90 + 1.25, 'x'
            FROM generate_series(1, 60) p, generate_series(0, 3) s;
        INSERT INTO customer SELECT i, 'Customer#' || i, 'road ' || i, i % 25,
            (array[13, 31, 23, 29, 30, 18, 17, 11, 12])[i % 9 + 1] || '-' || 100 + i, (i * 7919) % 9000 - 900.5,
            (array['BUILDING', 'AUTOMOBILE', 'MACHINERY', 'HOUSEHOLD', 'FURNITURE'])[i % 5 + 1], 'c' || i
            FROM generate_series(1, 150) i;
        INSERT INTO orders SELECT i, (i * 31) % 100 + 1, (array['F', 'O', 'P'])[i % 3 + 1], i * 100.5,
            date '1992-01-01' + (i * 17) % 2400, (array['1-URGENT', '2-HIGH', '3-MEDIUM', '5-LOW'])[i % 4 + 1],
            'Clerk#' || i % 9, 0, CASE WHEN i % 11 = 0 THEN 'has special wishes and requests' ELSE 'plain' END
            FROM generate_series(1, 700) i;
        INSERT INTO lineitem SELECT o_orderkey, n, (o_orderkey * 7 + n) % 60 + 1,
            ((o_orderkey * 7 + n) % 60 + 1 + (n % 4) * 3) % 20 + 1,
            (o_orderkey * n) % 50 + 1 + CASE o_orderkey WHEN 77 THEN 120 ELSE 0 END,
            1000 + (o_orderkey * 13 + n * 7) % 5000, ((o_orderkey + n) % 11) / 100.0, (n % 9) / 100.0,
            (array['A', 'N', 'R'])[(o_orderkey + n) % 3 + 1], (array['F', 'O'])[n % 2 + 1], o_orderdate + n * 11,
            o_orderdate + (o_orderkey % 60)::int + 5, o_orderdate + n * 11 + (o_orderkey % 30)::int + 1,
            (array['DELIVER IN PERSON', 'NONE'])[n % 2 + 1],
            (array['AIR', 'MAIL', 'SHIP', 'AIR REG'])[(o_orderkey + n) % 4 + 1], 'l'
            FROM orders, generate_series(1, 4) n
        """;

    public static IReadOnlyList<string> Queries { get; } =
    [
        """
            select l_returnflag, l_linestatus, sum(l_quantity), sum(l_extendedprice),
                sum(l_extendedprice * (1 - l_discount)), sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)),
                avg(l_quantity), avg(l_extendedprice), avg(l_discount), count(*)
            from lineitem where l_shipdate <= date '1998-12-01' - interval '90' day
            group by l_returnflag, l_linestatus order by l_returnflag, l_linestatus
            """,
        """
            select s_acctbal, s_name, n_name, p_partkey, p_mfgr, s_address, s_phone, s_comment
            from part, supplier, partsupp, nation, region
            where p_partkey = ps_partkey and s_suppkey = ps_suppkey and p_size = 15 and p_type like '%BRASS'
                and s_nationkey = n_nationkey and n_regionkey = r_regionkey and r_name = 'EUROPE'
                and ps_supplycost = (select min(ps_supplycost) from partsupp, supplier, nation, region
                    where p_partkey = ps_partkey and s_suppkey = ps_suppkey and s_nationkey = n_nationkey
                        and n_regionkey = r_regionkey and r_name = 'EUROPE')
            order by s_acctbal desc, n_name, s_name, p_partkey limit 100
            """,
        """
            select l_orderkey, sum(l_extendedprice * (1 - l_discount)) as revenue, o_orderdate, o_shippriority
            from customer, orders, lineitem
            where c_mktsegment = 'BUILDING' and c_custkey = o_custkey and l_orderkey = o_orderkey
                and o_orderdate < date '1995-03-15' and l_shipdate > date '1995-03-15'
            group by l_orderkey, o_orderdate, o_shippriority order by revenue desc, o_orderdate, l_orderkey limit 10
            """,
        """
            select o_orderpriority, count(*) as order_count from orders
            where o_orderdate >= date '1993-07-01' and o_orderdate < date '1993-07-01' + interval '3' month
                and exists (select * from lineitem where l_orderkey = o_orderkey and l_commitdate < l_receiptdate)
            group by o_orderpriority order by o_orderpriority
            """,
        """
            select n_name, sum(l_extendedprice * (1 - l_discount)) as revenue
            from customer, orders, lineitem, supplier, nation, region
            where c_custkey = o_custkey and l_orderkey = o_orderkey and l_suppkey = s_suppkey
                and s_nationkey = n_nationkey and n_regionkey = r_regionkey and r_name = 'AMERICA'
                and o_orderdate >= date '1994-01-01' and o_orderdate < date '1994-01-01' + interval '1' year
            group by n_name order by revenue desc, n_name
            """,
        """
            select sum(l_extendedprice * l_discount) as revenue from lineitem
            where l_shipdate >= date '1994-01-01' and l_shipdate < date '1994-01-01' + interval '1' year
                and l_discount between 0.06 - 0.01 and 0.06 + 0.01 and l_quantity < 24
            """,
        """
            select supp_nation, cust_nation, l_year, sum(volume) as revenue from (
                select n1.n_name as supp_nation, n2.n_name as cust_nation, extract(year from l_shipdate) as l_year,
                    l_extendedprice * (1 - l_discount) as volume
                from supplier, lineitem, orders, customer, nation n1, nation n2
                where s_suppkey = l_suppkey and o_orderkey = l_orderkey and c_custkey = o_custkey
                    and s_nationkey = n1.n_nationkey and c_nationkey = n2.n_nationkey
                    and ((n1.n_name = 'FRANCE' and n2.n_name = 'GERMANY')
                        or (n1.n_name = 'GERMANY' and n2.n_name = 'FRANCE'))
                    and l_shipdate between date '1992-01-01' and date '1998-12-31') as shipping
            group by supp_nation, cust_nation, l_year order by supp_nation, cust_nation, l_year
            """,
        """
            select o_year, sum(case when nation = 'BRAZIL' then volume else 0 end) / sum(volume) as mkt_share from (
                select extract(year from o_orderdate) as o_year, l_extendedprice * (1 - l_discount) as volume,
                    n2.n_name as nation
                from part, supplier, lineitem, orders, customer, nation n1, nation n2, region
                where p_partkey = l_partkey and s_suppkey = l_suppkey and l_orderkey = o_orderkey
                    and o_custkey = c_custkey and c_nationkey = n1.n_nationkey and n1.n_regionkey = r_regionkey
                    and r_name = 'AMERICA' and s_nationkey = n2.n_nationkey
                    and o_orderdate between date '1992-01-01' and date '1998-12-31'
                    and p_type = 'ECONOMY ANODIZED STEEL') as all_nations
            group by o_year order by o_year
            """,
        """
            select nation, o_year, sum(amount) as sum_profit from (
                select n_name as nation, extract(year from o_orderdate) as o_year,
                    l_extendedprice * (1 - l_discount) - ps_supplycost * l_quantity as amount
                from part, supplier, lineitem, partsupp, orders, nation
                where s_suppkey = l_suppkey and ps_suppkey = l_suppkey and ps_partkey = l_partkey
                    and p_partkey = l_partkey and o_orderkey = l_orderkey and s_nationkey = n_nationkey
                    and p_name like '%green%') as profit
            group by nation, o_year order by nation, o_year desc
            """,
        """
            select c_custkey, c_name, sum(l_extendedprice * (1 - l_discount)) as revenue, c_acctbal, n_name, c_address,
                c_phone, c_comment
            from customer, orders, lineitem, nation
            where c_custkey = o_custkey and l_orderkey = o_orderkey and o_orderdate >= date '1993-10-01'
                and o_orderdate < date '1993-10-01' + interval '3' month and l_returnflag = 'R'
                and c_nationkey = n_nationkey
            group by c_custkey, c_name, c_acctbal, c_phone, n_name, c_address, c_comment
            order by revenue desc, c_custkey limit 20
            """,
        """
            select ps_partkey, sum(ps_supplycost * ps_availqty) as value from partsupp, supplier, nation
            where ps_suppkey = s_suppkey and s_nationkey = n_nationkey and n_name = 'GERMANY' group by ps_partkey
            having sum(ps_supplycost * ps_availqty) > (select sum(ps_supplycost * ps_availqty) * 0.0100
                from partsupp, supplier, nation
                where ps_suppkey = s_suppkey and s_nationkey = n_nationkey and n_name = 'GERMANY')
            order by value desc, ps_partkey
            """,
        """
            select l_shipmode,
                sum(case when o_orderpriority = '1-URGENT' or o_orderpriority = '2-HIGH' then 1 else 0 end) as high,
                sum(case when o_orderpriority <> '1-URGENT' and o_orderpriority <> '2-HIGH' then 1 else 0 end) as low
            from orders, lineitem
            where o_orderkey = l_orderkey and l_shipmode in ('MAIL', 'SHIP') and l_commitdate < l_receiptdate
                and l_shipdate < l_commitdate and l_receiptdate >= date '1994-01-01'
                and l_receiptdate < date '1994-01-01' + interval '1' year
            group by l_shipmode order by l_shipmode
            """,
        """
            select c_count, count(*) as custdist from (
                select c_custkey, count(o_orderkey) from customer left outer join orders on c_custkey = o_custkey
                    and o_comment not like '%special%requests%'
                group by c_custkey) as c_orders (c_custkey, c_count)
            group by c_count order by custdist desc, c_count desc
            """,
        """
            select 100.00 * sum(case when p_type like 'PROMO%' then l_extendedprice * (1 - l_discount) else 0 end)
                / sum(l_extendedprice * (1 - l_discount)) as promo_revenue
            from lineitem, part
            where l_partkey = p_partkey and l_shipdate >= date '1995-09-01'
                and l_shipdate < date '1995-09-01' + interval '1' month
            """,
        """
            with revenue (supplier_no, total_revenue) as (
                select l_suppkey, sum(l_extendedprice * (1 - l_discount)) from lineitem
                where l_shipdate >= date '1996-01-01' and l_shipdate < date '1996-01-01' + interval '3' month
                group by l_suppkey)
            select s_suppkey, s_name, s_address, s_phone, total_revenue from supplier, revenue
            where s_suppkey = supplier_no and total_revenue = (select max(total_revenue) from revenue)
            order by s_suppkey
            """,
        """
            select p_brand, p_type, p_size, count(distinct ps_suppkey) as supplier_cnt from partsupp, part
            where p_partkey = ps_partkey and p_brand <> 'Brand#45' and p_type not like 'MEDIUM POLISHED%'
                and p_size in (49, 14, 23, 45, 19, 3, 36, 9)
                and ps_suppkey not in (select s_suppkey from supplier where s_comment like '%Customer%Complaints%')
            group by p_brand, p_type, p_size order by supplier_cnt desc, p_brand, p_type, p_size
            """,
        """
            select sum(l_extendedprice) / 7.0 as avg_yearly from lineitem, part
            where p_partkey = l_partkey and p_brand = 'Brand#23' and p_container = 'MED BOX'
                and l_quantity < (select 0.2 * avg(l_quantity) from lineitem where l_partkey = p_partkey)
            """,
        """
            select c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice, sum(l_quantity)
            from customer, orders, lineitem
            where o_orderkey in (select l_orderkey from lineitem group by l_orderkey having sum(l_quantity) > 300)
                and c_custkey = o_custkey and o_orderkey = l_orderkey
            group by c_name, c_custkey, o_orderkey, o_orderdate, o_totalprice
            order by o_totalprice desc, o_orderdate, o_orderkey limit 100
            """,
        """
            select sum(l_extendedprice * (1 - l_discount)) as revenue from lineitem, part
            where (p_partkey = l_partkey and p_brand = 'Brand#12' and p_container in ('SM CASE', 'SM BOX')
                    and l_quantity >= 1 and l_quantity <= 1 + 10 and p_size between 1 and 5
                    and l_shipmode in ('AIR', 'AIR REG') and l_shipinstruct = 'DELIVER IN PERSON')
                or (p_partkey = l_partkey and p_brand = 'Brand#23' and p_container in ('MED BAG', 'MED BOX')
                    and l_quantity >= 10 and l_quantity <= 10 + 10 and p_size between 1 and 10
                    and l_shipmode in ('AIR', 'AIR REG') and l_shipinstruct = 'DELIVER IN PERSON')
                or (p_partkey = l_partkey and p_brand = 'Brand#34' and p_container in ('LG CASE', 'LG BOX')
                    and l_quantity >= 20 and l_quantity <= 20 + 10 and p_size between 1 and 15
                    and l_shipmode in ('AIR', 'AIR REG') and l_shipinstruct = 'DELIVER IN PERSON')
            """,
        """
            select s_name, s_address from supplier, nation
            where s_suppkey in (select ps_suppkey from partsupp
                    where ps_partkey in (select p_partkey from part where p_name like 'forest%')
                        and ps_availqty > (select 0.5 * sum(l_quantity) from lineitem
                            where l_partkey = ps_partkey and l_suppkey = ps_suppkey
                                and l_shipdate >= date '1994-01-01'
                                and l_shipdate < date '1994-01-01' + interval '1' year))
                and s_nationkey = n_nationkey and n_name = 'CANADA'
            order by s_name
            """,
        """
            select s_name, count(*) as numwait from supplier, lineitem l1, orders, nation
            where s_suppkey = l1.l_suppkey and o_orderkey = l1.l_orderkey and o_orderstatus = 'F'
                and l1.l_receiptdate > l1.l_commitdate
                and exists (select * from lineitem l2
                    where l2.l_orderkey = l1.l_orderkey and l2.l_suppkey <> l1.l_suppkey)
                and not exists (select * from lineitem l3
                    where l3.l_orderkey = l1.l_orderkey and l3.l_suppkey <> l1.l_suppkey
                        and l3.l_receiptdate > l3.l_commitdate)
                and s_nationkey = n_nationkey and n_name = 'SAUDI ARABIA'
            group by s_name order by numwait desc, s_name limit 100
            """,
        """
            select cntrycode, count(*) as numcust, sum(c_acctbal) as totacctbal from (
                select substring(c_phone from 1 for 2) as cntrycode, c_acctbal from customer
                where substring(c_phone from 1 for 2) in ('13', '31', '23', '29', '30', '18', '17')
                    and c_acctbal > (select avg(c_acctbal) from customer where c_acctbal > 0.00
                        and substring(c_phone from 1 for 2) in ('13', '31', '23', '29', '30', '18', '17'))
                    and not exists (select * from orders where o_custkey = c_custkey)) as custsale
            group by cntrycode order by cntrycode
            """,
    ];
}
