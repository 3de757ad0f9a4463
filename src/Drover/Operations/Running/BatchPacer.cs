// Finds the size of a batch that takes as long as a batch should.
namespace Drover.Operations.Running;

/// <summary>
/// Grows or shrinks the budget by how long the last batch took, at most by half or by two at a time.
/// </summary>
internal sealed class BatchPacer(OperationLimits limits)
{
    /// <summary>No batch is asked to do less; what it takes then, it takes.</summary>
    public const long RowsMin = 50;

    private const long BytesMin = 8 * 1024;
    private const long RowsFirst = 1_000;

    private double _bytes = Math.Min(limits.BatchBytesFirst, limits.BatchBytesMax);
    private double _rows = Math.Min(RowsFirst, limits.BatchRowsMax);

    /// <summary>What the next batch should do.</summary>
    public BatchBudget Budget => new((long)_bytes, (long)_rows);

    /// <summary>Takes the duration of a batch into account. One that did much less than asked says little.</summary>
    public void Observe(BatchResult result, TimeSpan duration)
    {
        bool isFull = result.Rows * 2 >= _rows || result.Bytes * 2 >= _bytes;
        double ratio = limits.BatchTarget / (duration + TimeSpan.FromMicroseconds(1));
        if (isFull || ratio < 1)
        {
            Scale(Math.Clamp(ratio, 0.5, 2));
        }
    }

    /// <summary>The batch took longer than its limit, or met a conflict: a smaller one has better chances.</summary>
    public void Shrink() => Scale(0.5);

    private void Scale(double factor)
    {
        _bytes = Math.Clamp(_bytes * factor, Math.Min(BytesMin, limits.BatchBytesMax), limits.BatchBytesMax);
        _rows = Math.Clamp(_rows * factor, Math.Min(RowsMin, limits.BatchRowsMax), limits.BatchRowsMax);
    }
}
