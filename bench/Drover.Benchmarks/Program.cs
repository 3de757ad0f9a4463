// Micro-benchmarks with a memory diagnoser: `dotnet run -c Release --project bench/Drover.Benchmarks -- --filter '*'`.
using BenchmarkDotNet.Running;

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
