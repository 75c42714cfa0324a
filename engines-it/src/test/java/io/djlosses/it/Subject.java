/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.initializer.ConstantInitializer;
import ai.djl.training.loss.Loss;

import com.google.gson.JsonObject;

import io.djlosses.examples.catalog.Declaration;
import io.djlosses.examples.catalog.Declarations;
import io.djlosses.examples.catalog.Inputs;
import io.djlosses.examples.catalog.Kind;
import io.djlosses.examples.catalog.Numbers;
import io.djlosses.examples.catalog.SeededDraw;
import io.djlosses.examples.catalog.Trait;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A loss of the catalogue and inputs that suit it: for tests that go through all losses. Losses
 * without golden rows are among them.
 *
 * @param type the class of the loss
 * @param row the inputs, and the options where the class has golden rows
 */
record Subject(Class<? extends Loss> type, GoldenRow row) {

    /** Whether the long versions of the tests are run. */
    static final boolean NIGHTLY = Boolean.getBoolean("djlosses.nightly");

    /** Returns at most so many subjects a loss, spread evenly over its golden rows. */
    static List<Subject> all(int most) {
        List<Subject> subjects = new ArrayList<>();
        for (Class<? extends Loss> loss : Catalogue.withRows()) {
            List<GoldenRow> seeds = GoldenRow.seeds(loss);
            int count = Math.min(most, seeds.size());
            for (int i = 0; i < count; i++) {
                subjects.add(new Subject(loss, seeds.get(i * seeds.size() / count)));
            }
        }
        for (Class<? extends Loss> loss : Catalogue.losses()) {
            if (GoldenRow.of(loss).isEmpty()) {
                subjects.add(new Subject(loss, inputs(Declarations.of(loss).kind())));
            }
        }
        return subjects;
    }

    private static GoldenRow inputs(Kind kind) {
        Inputs<Numbers> inputs = kind.inputs(new SeededDraw(3), kind.extent().tiny());
        return GoldenRow.of(
                inputs.labels().stream().map(Data::of).toList(),
                inputs.predictions().stream().map(Data::of).toList());
    }

    /** Builds the loss. */
    Loss build(NDManager manager) {
        return build(manager, row.options());
    }

    /** Builds the loss with other options, which those that are made of other losses lack. */
    Loss build(NDManager manager, JsonObject options) {
        Declaration declaration = Declarations.of(type);
        return declaration.isMade()
                ? declaration.make(block(manager))
                : Catalogue.build(type, options, null);
    }

    private static Block block(NDManager manager) {
        Block block = Linear.builder().setUnits(2).build();
        block.setInitializer(new ConstantInitializer(0.5f), parameter -> true);
        block.initialize(manager, DataType.FLOAT32, new Shape(1, 2));
        return block;
    }

    /** Whether the value depends on what the loss has seen before. */
    boolean hasState() {
        return row.has("momentum");
    }

    /**
     * Returns one loss for all subjects of the same class and options, in their order, with another
     * reduction where there is the choice.
     */
    static List<Loss> shared(
            List<Subject> subjects, Engine engine, NDManager manager, @Nullable String reduction) {
        Map<String, Loss> losses = new LinkedHashMap<>();
        List<Loss> list = new ArrayList<>();
        for (Subject subject : subjects) {
            JsonObject options =
                    reduction == null || Declarations.of(subject.type).has(Trait.MEAN_ONLY)
                            ? subject.row.options()
                            : subject.row.optionsWith(reduction);
            list.add(
                    losses.computeIfAbsent(
                            engine.getEngineName() + subject.type + options,
                            key -> subject.build(manager, options)));
        }
        return list;
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        return type.getSimpleName() + "/" + row.id();
    }
}
