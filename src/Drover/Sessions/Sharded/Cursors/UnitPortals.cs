// The portals and cursors that a unit makes, and where those are that it uses.
using Drover.Protocol.Framing;
using Drover.Protocol.Messages.Frontend;
using Drover.Routing;
using Drover.Sessions.Sharded.Units;

namespace Drover.Sessions.Sharded.Cursors;

/// <summary>
/// Of the unit that is read, one per session. A portal of the unit's own is where the unit goes; one that was made
/// before is where it was made.
/// </summary>
internal sealed class UnitPortals(ClientSession session)
{
    private readonly List<Range> _bound = [];
    private readonly List<string> _declared = [];

    private PortalPlaces Places => session.Shards!.Branches.Portals;

    /// <summary>Another unit is read.</summary>
    public void Clear()
    {
        _bound.Clear();
        _declared.Clear();
    }

    /// <summary>A Bind makes a portal.</summary>
    /// <param name="start">Where its name stands in the unit.</param>
    /// <param name="length">How long that is.</param>
    public void Add(int start, int length) => _bound.Add(new Range(start, start + length));

    /// <summary>The shard with the portal that a message names; null if the unit makes it, or it is unknown.</summary>
    /// <param name="type">Execute, Describe or Close.</param>
    /// <param name="data">The unit.</param>
    /// <param name="body">The message's body in it.</param>
    public int? PlaceOf(byte type, ReadOnlySpan<byte> data, Range body)
    {
        ReadOnlySpan<byte> name;
        switch (type)
        {
            case FrontendType.Execute when Execute.TryRead(data[body], out Execute execute):
                name = execute.Portal;
                break;
            case FrontendType.Describe
                when Describe.TryRead(data[body], out Describe describe) && describe.Kind == DescribedKind.Portal:
                name = describe.Name;
                break;
            case FrontendType.Close
                when Close.TryRead(data[body], out Close close) && close.Kind == DescribedKind.Portal:
                name = close.Name;
                break;
            default:
                return null;
        }
        foreach (Range own in _bound)
        {
            if (data[own].SequenceEqual(name))
            {
                return null;
            }
        }
        return Places.Find(name);
    }

    /// <summary>Where a statement of SQL about a cursor goes; as it was found if it is about none.</summary>
    public Route RouteOf(StatementPlan plan, Route found, ref Unit unit)
    {
        if (CursorText.Declared(plan) is { } declared)
        {
            _declared.Add(declared);
        }
        if (CursorText.Used(plan) is not { } used)
        {
            return found;
        }
        string name = used.Text("portalname");
        if (name.Length == 0)
        {
            // CLOSE ALL: all of them have to be here.
            bool isApart = Places.AreElsewhere(session.Shards!.Branches.Current);
            return isApart ? Route.Refused(ShardRefusals.SessionOnOneShard) : found;
        }
        int? place = Places.Find(name);
        unit.IsPlaced |= place is not null;
        return place is { } shard ? Route.One(shard) : found;
    }

    /// <summary>The unit runs on a shard: what it makes is there.</summary>
    public void Note(ReadOnlySpan<byte> data, int shard)
    {
        foreach (Range portal in _bound)
        {
            Places.Note(data[portal], shard);
        }
        foreach (string cursor in _declared)
        {
            Places.Note(cursor, shard);
        }
    }
}
