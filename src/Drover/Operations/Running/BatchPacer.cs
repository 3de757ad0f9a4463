// Finds the size of a batch that takes as long as a batch should.
namespace Drover.Operations.Running;

/// <summary>
/// Grows or shrinks the budget by how long the last batch took, at most by half or by two at a time, or to a quarter
/// after a conflict.
/// </summary>
internal sealed class BatchPacer(OperationLimits limits)
{
    // No batch is asked to do less because it is slow; only because it got in somebody's way.
    private const long RowsMin = 50;

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
            Scale(Math.Clamp(ratio, 0.5, 2), RowsMin);
        }
    }

    /// <summary>
    /// The batch took longer than its limit, or met a conflict: a smaller one has better chances, down to a single row.
    /// </summary>
    public void Shrink() => Scale(0.25, 1);

    // What is below the least already grows, but does not leap.
    private void Scale(double factor, double least)
    {
        _bytes = Math.Clamp(_bytes * factor, Math.Min(BytesMin, limits.BatchBytesMax), limits.BatchBytesMax);
        _rows = Math.Clamp(
            _rows * factor,
            Math.Min(Math.Min(least, factor < 1 ? _rows : 1), limits.BatchRowsMax),
            limits.BatchRowsMax
        );
    }
}
