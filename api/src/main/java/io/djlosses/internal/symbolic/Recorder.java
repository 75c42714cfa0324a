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
 * Records a computation, and runs it in one call of the engine instead of one for each operation,
 * with the same value and gradient.
 *
 * <p>It is for engines that load and run graphs of their operators, which a trial finds out. There
 * is a graph for each combination of shapes and data types. It is recorded from the computation
 * itself when the combination first occurs, which takes about a millisecond. A computation that
 * cannot be recorded runs as usual. A graph, its constants and its memory stay as long as the
 * recorder lives, so graphs are for small arrays.
 */
public final class Recorder {

    /** The largest number of combinations of shapes and types to record. */
    private static final int MOST = 32;

    private static final Cleaner CLEANER = Cleaner.create();

    private final Map<List<Object>, Recorded> computations = new ConcurrentHashMap<>();
    private @Nullable NDManager manager;

    /**
     * The results of a computation.
     *
     * @param heads the arrays
     * @param number a number that depends on shapes and types only
     */
    public record Results(NDList heads, double number) {}

    /** The graphs of a computation on arrays of certain shapes and types. */
    private static final class Recorded {

        private final List<Graph> graphs = new CopyOnWriteArrayList<>();
        private volatile boolean failed;
    }

    /** Creates a recorder for one computation, or for several with different names. */
    public Recorder() {}

    /**
     * Returns whether graphs run on the engine and device of an array.
     *
     * @param array the array
     * @return whether they run
     */
    public static boolean runsOn(NDArray array) {
        return !array.getDevice().isGpu() && Graph.runsOn(array);
    }

    /**
     * Runs a computation as a graph.
     *
     * @param name the key of this computation among those of the recorder
     * @param inputs the arrays that it depends on
     * @param computation the computation, which must not depend on anything else that changes
     * @return the results, or null if the computation has not been recorded
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
            // Also for invalid input, which the computation itself will report.
            recorded.failed = true;
            return null;
        }
        start.results().forEach(NDScope::register);
        return new Results(start.results(), start.graph().number());
    }
}
