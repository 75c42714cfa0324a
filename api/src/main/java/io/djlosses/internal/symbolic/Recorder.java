/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.symbolic;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;

import org.jspecify.annotations.Nullable;

import java.lang.ref.Cleaner;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/**
 * Records a computation, and runs it by one call of the engine instead of one for each operation,
 * with the same value and gradient.
 *
 * <p>For engines that load and run graphs of their operators, which is found by a trial. There is a
 * graph for each combination of shapes and data types, recorded from the computation itself when
 * the combination first comes, which takes about a millisecond; what cannot be recorded is computed
 * as ever. A graph, its constants and its memory stay for as long as the recorder lives, so graphs
 * are for small arrays.
 */
public final class Recorder {

    /** How many combinations of shapes and types are recorded. */
    private static final int MOST = 32;

    private static final Cleaner CLEANER = Cleaner.create();

    private final Map<List<Object>, Recorded> computations = new ConcurrentHashMap<>();
    private @Nullable NDManager manager;

    /**
     * What a computation gives.
     *
     * @param heads the arrays
     * @param number a number that follows from shapes and types alone
     */
    public record Results(NDList heads, double number) {}

    /** What is known of a computation on arrays of certain shapes and types. */
    private static final class Recorded {

        private final List<Graph> graphs = new CopyOnWriteArrayList<>();
        private volatile boolean failed;
    }

    /** Makes a recorder for one computation, or for several that differ in what they are called. */
    public Recorder() {}

    /**
     * Tells whether graphs run where an array lives.
     *
     * @param array the array
     * @return whether they do
     */
    public static boolean runsOn(NDArray array) {
        return !array.getDevice().isGpu() && Graph.runsOn(array);
    }

    /**
     * Runs a computation as a graph.
     *
     * @param name what tells this computation from others of the same recorder
     * @param inputs the arrays that it depends on
     * @param computation the computation, which depends on nothing else that ever changes
     * @return the results, or null where it has not been recorded
     */
    public @Nullable Results run(
            Object name, NDList inputs, Function<NDList, Results> computation) {
        List<Object> key = new ArrayList<>(1 + 2 * inputs.size());
        key.add(name);
        for (NDArray input : inputs) {
            key.add(input.getShape());
            key.add(input.getDataType());
        }
        Recorded recorded = computations.get(key);
        if (recorded == null) {
            if (computations.size() >= MOST) {
                return null;
            }
            recorded = computations.computeIfAbsent(key, k -> new Recorded());
        }
        if (recorded.failed) {
            return null;
        }
        for (Graph graph : recorded.graphs) {
            NDList results = graph.tryRun(inputs);
            if (results != null) {
                return new Results(results, graph.number());
            }
        }
        return recorded.graphs.size() < MOST ? record(recorded, inputs, computation) : null;
    }

    private synchronized @Nullable Results record(
            Recorded recorded, NDList inputs, Function<NDList, Results> computation) {
        if (manager == null) {
            NDManager owner = inputs.head().getManager().getEngine().newBaseManager(Device.cpu());
            CLEANER.register(this, owner::close);
            manager = owner;
        }
        NDManager owner = manager;
        Graph.Start start;
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            start = Graph.of(owner, inputs, computation);
            recorded.graphs.add(start.graph());
            NDScope.unregister(start.results());
        } catch (RuntimeException e) {
            // Also of bad input, which the computation itself will tell.
            recorded.failed = true;
            return null;
        }
        start.results().forEach(NDScope::register);
        return new Results(start.results(), start.graph().number());
    }
}
