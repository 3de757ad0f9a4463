// Every way to write a table reaches the mirror, and no setting of the writer's stands in its way.
using Drover.IntegrationTests.LocalPostgres;
using Drover.Partitioning.Conversion;
using Npgsql;

namespace Drover.IntegrationTests.Partitioning.Conversion;

public sealed class MirrorTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData("INSERT INTO item VALUES (5, '2025-01-01', NULL, 'NaN')")]
    [InlineData("INSERT INTO item VALUES (5, '1999-01-01')")]
    [InlineData("UPDATE item SET note = NULL, price = 1.00; UPDATE item SET price = 1.0")]
    [InlineData("UPDATE item SET id = id + 1 WHERE id = 4; UPDATE item SET day = day + 300")]
    [InlineData(
        "MERGE INTO item USING (VALUES (1), (9)) AS v (id) ON item.id = v.id WHEN MATCHED THEN DELETE WHEN "
            + "NOT MATCHED THEN INSERT VALUES (v.id, '2024-01-01')"
    )]
    [InlineData(
        "INSERT INTO item VALUES (1, '2025-01-01') ON CONFLICT (id) DO UPDATE SET day = EXCLUDED.day, note = 'up'"
    )]
    [InlineData(
        "SET session_replication_role = replica; UPDATE item SET note = 'replica'; DELETE FROM item WHERE id = 1"
    )]
    [InlineData("BEGIN; SAVEPOINT a; DELETE FROM item; ROLLBACK TO a; UPDATE item SET note = 'kept'; COMMIT")]
    [InlineData(
        "WITH gone AS (DELETE FROM item WHERE id = 1 RETURNING *) INSERT INTO item SELECT 11, day, note, "
            + "price FROM gone"
    )]
    [InlineData("TRUNCATE item; INSERT INTO item VALUES (1, '2024-02-02')")]
    [InlineData("BEGIN; TRUNCATE item; INSERT INTO item VALUES (1, '2024-02-02'); ROLLBACK")]
    public async Task Write_reaches_the_target_exactly(string write)
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 15);
        await stage.CopyAsync();
        await stage.MirrorAsync(MirrorMode.Following);
        await MirrorStage.Run(await stage.ConnectAsync(), write);
        Assert.Equal("", await stage.NotedAsync());
        Assert.Equal("", await stage.DifferenceAsync());
    }

    [Fact]
    public async Task Copy_from_the_client_reaches_the_target()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        await stage.CopyAsync();
        await using (
            TextWriter writer = await stage.Admin.BeginTextImportAsync(
                "COPY item FROM STDIN",
                TestContext.Current.CancellationToken
            )
        )
        {
            await writer.WriteAsync("50\t2025-03-03\tcopied\t1.50\n51\t2024-03-03\t\\N\t\\N\n");
        }
        Assert.Equal("", await stage.DifferenceAsync());
    }

    [Fact]
    public async Task Writer_without_rights_on_the_target_with_a_hostile_search_path_and_row_security_is_mirrored()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        await stage.CopyAsync();
        string role = $"writer_{stage.Admin.ProcessID}";
        await MirrorStage.Run(
            stage.Admin,
            $$"""
            CREATE ROLE {{role}}; GRANT ALL ON item TO {{role}}; GRANT CREATE ON DATABASE {{stage.Admin.Database}}
              TO {{role}};
            ALTER TABLE item ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON item USING (id < 3) WITH CHECK (true);
            SET ROLE {{role}}; CREATE SCHEMA evil; SET search_path = evil, public, pg_catalog;
            CREATE FUNCTION evil.eq(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT false';
            CREATE OPERATOR evil.= (FUNCTION = evil.eq, LEFTARG = bigint, RIGHTARG = bigint);
            CREATE FUNCTION evil.current_setting(text) RETURNS text LANGUAGE sql AS $$SELECT 'evil'$$;
            UPDATE public.item SET note = 'mine'; DELETE FROM public.item WHERE id OPERATOR(pg_catalog.=) 1;
            INSERT INTO public.item VALUES (77, '2024-01-01'); RESET ROLE; RESET search_path
            """
        );
        Assert.Equal("", await stage.DifferenceAsync());
    }

    [Fact]
    public async Task Trigger_that_changes_other_rows_of_the_statement_leaves_no_silent_difference()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        await stage.CopyAsync();
        await stage.MirrorAsync(MirrorMode.Following);
        await MirrorStage.Run(
            stage.Admin,
            """
            CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
              IF pg_trigger_depth() = 1 THEN UPDATE item SET note = note || ' by ' || NEW.id WHERE id = 5 - NEW.id;
                END IF;
              RETURN NULL; END$$;
            CREATE TRIGGER other AFTER UPDATE ON item FOR EACH ROW EXECUTE FUNCTION other();
            UPDATE item SET note = 'first'
            """
        );
        Assert.NotEqual("", await stage.NotedAsync());
        await stage.AssertConvergesAsync();
    }

    [Fact]
    public async Task Truncate_does_not_wait_for_what_holds_the_target()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        NpgsqlConnection builder = await stage.ConnectAsync();
        await stage.CopyAsync();
        await MirrorStage.Run(builder, "BEGIN; LOCK TABLE item_p2024 IN SHARE UPDATE EXCLUSIVE MODE");
        await MirrorStage.Run(stage.Admin, "SET statement_timeout = '30s'; TRUNCATE item");
        await MirrorStage.Run(builder, "ROLLBACK");
        Assert.Equal("", await stage.DifferenceAsync());
    }

    [Fact]
    public async Task Truncate_with_an_old_snapshot_that_cannot_see_all_rows_notes_the_whole_table()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        NpgsqlConnection builder = await stage.ConnectAsync();
        NpgsqlConnection writer = await stage.ConnectAsync();
        await MirrorStage.Run(builder, "BEGIN; LOCK TABLE item_p2024 IN SHARE UPDATE EXCLUSIVE MODE");
        await MirrorStage.Run(writer, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
        await stage.CopyAsync();
        await MirrorStage.Run(writer, "TRUNCATE item; COMMIT");
        Assert.NotEqual("", await stage.DifferenceAsync());
        await stage.SweepAsync();
        Assert.False(await new KeyLog(stage.Layout).IsEmptyAsync(stage.Admin, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Old_table_that_cannot_follow_costs_the_application_nothing_and_is_noted()
    {
        await using MirrorStage stage = await MirrorStage.StartAsync(postgres, 18);
        await stage.CopyAsync();
        await stage.MirrorAsync(MirrorMode.Reverse);
        await MirrorStage.Run(stage.Admin, "ALTER TABLE item__drover_new ADD CHECK (price < 100)");
        await MirrorStage.Run(
            stage.Admin,
            "UPDATE item SET price = 1000 WHERE id = 1; INSERT INTO item VALUES (9, '2024-01-01', '', 500)"
        );
        Assert.Equal("1,9", await stage.NotedAsync());
        Assert.Equal(
            2L,
            await MirrorStage.Scalar(
                stage.Admin,
                $"SELECT count(DISTINCT k1) FROM {stage.Layout.KeyLog} " + $"WHERE problem LIKE '23514 %'"
            )
        );
    }
}
