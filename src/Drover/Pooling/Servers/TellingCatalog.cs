// What a database's catalogs say about the names that tell, and for how long that is taken as true.
using Drover.Sql;

namespace Drover.Pooling.Servers;

/// <summary>
/// One per database, for all loops. Until it has been read, and from when a client has changed the catalogs until it
/// has been read again, every statement counts as one that may touch the session; and since nobody knows what its
/// functions set, whoever begins meanwhile reads too instead of going on without.
/// </summary>
internal sealed class TellingCatalog
{
    /// <summary>Longest time that a change made past the proxy stays unseen.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private volatile TellingNames? _known;
    private string _fingerprint = "";
    private long _dueMs;
    private int _changes;
    private int _readings;
    private volatile TellingNames? _names = TellingNames.Everything;
    private volatile int _generation;

    /// <summary>The names in force; null when none tells, which costs statements nothing.</summary>
    public TellingNames? Names => _names;

    /// <summary>
    /// False until the catalogs have been read, and from when they were changed until they have been read again: then
    /// nobody knows what functions set.
    /// </summary>
    public bool IsKnown => !ReferenceEquals(_names, TellingNames.Everything);

    /// <summary>Custom settings that functions may set, as they were read last.</summary>
    public IReadOnlyCollection<string> Settings => _known?.Settings ?? [];

    /// <summary>
    /// Counts the times that names were added: what a server's session holds may have been missed before.
    /// </summary>
    public int Generation => _generation;

    /// <summary>Counts the times that clients have changed the catalogs, and reloads.</summary>
    public int Epoch => Volatile.Read(ref _changes);

    /// <summary>Whether it is time to look whether the catalogs have changed.</summary>
    public bool IsDue(long nowMs) => nowMs >= Volatile.Read(ref _dueMs);

    /// <summary>A client has changed the catalogs, or may have; or a reload asks for a fresh look.</summary>
    public void Expire()
    {
        lock (_lock)
        {
            _changes++;
            _names = TellingNames.Everything;
            Volatile.Write(ref _dueMs, 0);
        }
    }

    /// <summary>
    /// Begins a reading: one at a time while names are known that will do. The ticket belongs to <see cref="End"/>.
    /// </summary>
    public bool TryBegin(long nowMs, out (int Changes, string Fingerprint) ticket)
    {
        lock (_lock)
        {
            ticket = (_changes, _fingerprint);
            if (!IsDue(nowMs) || (_readings > 0 && IsKnown))
            {
                return false;
            }
            _readings++;
            return true;
        }
    }

    /// <summary>Ends a reading.</summary>
    /// <param name="changes">From the ticket: after a client has changed more, the next one reads again.</param>
    /// <param name="fingerprint">What was read; null when that failed.</param>
    /// <param name="names">Null when the fingerprint is the known one.</param>
    /// <param name="nowMs">Of the loops' clock.</param>
    public void End(int changes, string? fingerprint, TellingNames? names, long nowMs)
    {
        lock (_lock)
        {
            _readings--;
            // Of several at once the first one that ends has said it all.
            if (names is not null && fingerprint != _fingerprint)
            {
                bool isFirst = _known is null;
                _known = names;
                _fingerprint = fingerprint!;
                _generation += isFirst ? 0 : 1;
            }
            if (changes != _changes)
            {
                return;
            }
            Volatile.Write(ref _dueMs, nowMs + (long)Period.TotalMilliseconds);
            if (fingerprint is null)
            {
                return;
            }
            _names = _known!.IsEmpty ? null : _known;
        }
    }
}
