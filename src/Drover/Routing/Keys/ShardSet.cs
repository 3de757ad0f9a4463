// A set of shards, without allocating.
using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.CompilerServices;
using Drover.Topology;

namespace Drover.Routing.Keys;

/// <summary>Some shards by their numbers, or every one that there is.</summary>
internal struct ShardSet
{
    private const int BitsPerWord = 64;
    private Words _words;

    /// <summary>All shards of the map.</summary>
    public static ShardSet Every { get; } = new() { IsEvery = true };

    public bool IsEvery { get; private set; }

    /// <summary>A key of a place that no shard has is among what was asked for.</summary>
    public readonly bool HasNowhere => (_words[0] & 1) != 0;

    /// <summary>How many, when they are not every one.</summary>
    public readonly int Count
    {
        get
        {
            int count = 0;
            foreach (ulong word in _words)
            {
                count += BitOperations.PopCount(word);
            }
            return count;
        }
    }

    /// <summary>The number of the only one.</summary>
    public readonly int Single
    {
        get
        {
            for (int i = 0; i < Words.Length; i++)
            {
                if (_words[i] != 0)
                {
                    return (i * BitsPerWord) + BitOperations.TrailingZeroCount(_words[i]);
                }
            }
            return 0;
        }
    }

    /// <summary>Adds one by its number; 0 for nowhere.</summary>
    public void Add(int shard) => _words[shard / BitsPerWord] |= 1UL << (shard % BitsPerWord);

    public void IntersectWith(in ShardSet other)
    {
        if (other.IsEvery)
        {
            return;
        }
        if (IsEvery)
        {
            this = other;
            return;
        }
        for (int i = 0; i < Words.Length; i++)
        {
            _words[i] &= other._words[i];
        }
    }

    public void UnionWith(in ShardSet other)
    {
        IsEvery |= other.IsEvery;
        for (int i = 0; i < Words.Length; i++)
        {
            _words[i] |= other._words[i];
        }
    }

    /// <summary>The numbers, ascending.</summary>
    public readonly ImmutableArray<int> Of(ImmutableArray<Shard> shards)
    {
        ImmutableArray<int>.Builder numbers = ImmutableArray.CreateBuilder<int>();
        foreach (Shard shard in shards)
        {
            if (IsEvery || (_words[shard.Number / BitsPerWord] & (1UL << (shard.Number % BitsPerWord))) != 0)
            {
                numbers.Add(shard.Number);
            }
        }
        return numbers.ToImmutable();
    }

    /// <summary>A bit for each number up to <see cref="Shard.NumberMax"/>.</summary>
    [InlineArray(Length)]
    private struct Words
    {
        public const int Length = (Shard.NumberMax + 1) / BitsPerWord;
        private ulong _first;
    }
}
